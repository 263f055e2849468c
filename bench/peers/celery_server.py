"""The HTTP before Celery: puts the picture into the queue, and asks for its result in a thread of FastAPI's pool."""

from celery_tasks import classify as task
from fastapi import Depends, FastAPI, Request

app = FastAPI()


async def body(request: Request) -> bytes:
    return await request.body()


@app.post("/classify")
def classify(image: bytes = Depends(body)):
    return {"predictions": task.delay(image).get(timeout=60)}
