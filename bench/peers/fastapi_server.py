"""FastAPI with the inference in the request: a plain function, which FastAPI runs in its pool of threads."""

from classifier import Classifier
from fastapi import Depends, FastAPI, Request

classifier = Classifier()
app = FastAPI()


async def body(request: Request) -> bytes:
    return await request.body()


@app.post("/classify")
def classify(image: bytes = Depends(body)):
    return {"predictions": classifier.classify(image)}
