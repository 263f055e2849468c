"""BentoML with two processes, each of which decodes and infers."""

import os
from pathlib import Path

import bentoml
from classifier import Classifier


@bentoml.service(
    workers=int(os.environ["PROCESSES"]),
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    traffic={"timeout": 60},
)
class Service:
    def __init__(self):
        self.classifier = Classifier()

    @bentoml.api(route="/classify")
    def classify(self, image: Path) -> dict:
        return {"predictions": self.classifier.classify(image.read_bytes())}
