"""LitServe with two workers: the server takes the upload, a worker decodes and infers."""

import os

import litserve
from classifier import Classifier
from fastapi import Request


class Api(litserve.LitAPI):
    def setup(self, device):
        self.classifier = Classifier()

    def decode_request(self, request: Request):
        return request["image"].file.read()

    def predict(self, image):
        return self.classifier.classify(image)

    def encode_response(self, predictions):
        return {"predictions": predictions}


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(api_path="/classify"), accelerator="cpu", workers_per_device=int(os.environ["PROCESSES"])
    )
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", generate_client_file=False)
