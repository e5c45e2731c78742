"""What programs of ours import, for the server of `tests.forks`; nothing here reads a setting."""

import gc
from importlib import import_module

from config.lexicon import load_lexicon

for module in (
    "celery.bin.beat",
    "celery.bin.worker",
    "worker.commands.doctor",
    "worker.celery_app",
    "worker.exporter.serve",
):
    import_module(module)
load_lexicon()
# What is here stays for ever: no child needs to look through it for garbage, and so to copy it.
gc.freeze()
