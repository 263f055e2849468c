"""Celery's side of the work: two processes, which take one picture after the other from Redis."""

import os

from celery import Celery
from celery.signals import worker_process_init
from classifier import Classifier

redis_url = os.environ["REDIS_URL"]
app = Celery("tasks", broker=redis_url, backend=redis_url)
app.conf.update(
    # Bytes as they are; JSON would need base64.
    task_serializer="pickle",
    accept_content=["pickle", "json"],
    result_expires=3600,
    worker_send_task_events=False,
    task_ignore_result=False,
)
state = {}


@worker_process_init.connect
def load(**_):
    state["classifier"] = Classifier()


@app.task
def classify(image: bytes):
    return state["classifier"].classify(image)
