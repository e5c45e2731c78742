"""Renders a chart with Helm and checks each object against Kubernetes' own schema; prints what came of it as JSON.

`render.py CHART VALUES`: the values are JSON. Runs in an environment of its own (requirements.txt). Objects of other
makers have no schema here; they are named in `without_schema`.
"""

import json
import sys

import helm_python
import kubernetes_validate
import yaml

KUBERNETES = "1.37"


def main(chart: str, values: str) -> None:
    objects, wrong, without_schema = [], [], []
    lint = helm_python.lint(chart)
    try:
        with helm_python.Chart.load(chart) as loaded:
            rendered = loaded.render(json.loads(values), name="escalation", namespace="support")
    except helm_python.HelmError as error:
        print(json.dumps({"refused": str(error)}))
        return
    for file, text in rendered.items():
        for document in yaml.safe_load_all(text) if file.endswith(".yaml") else []:
            if document is None:
                continue
            objects.append(document)
            try:
                kubernetes_validate.validate(document, KUBERNETES, strict=True)
            except kubernetes_validate.SchemaNotFoundError:
                without_schema.append(document["kind"])
            except kubernetes_validate.ValidationError as error:
                wrong.append(f"{file}: {error.message} at {list(error.path)}")
    result = {"objects": objects, "wrong": wrong, "without_schema": without_schema, "lint": lint["errors"]}
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
