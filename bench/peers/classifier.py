"""The product's model in Python: Pillow for the pictures, ONNX Runtime with one thread, as preprocessor_config.json says."""

import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


class Classifier:
    def __init__(self):
        folder = Path(os.environ["MODEL_FOLDER"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name
        labels = json.loads((folder / "config.json").read_text())["id2label"]
        self.labels = [labels[str(index)] for index in range(len(labels))]
        settings = json.loads((folder / "preprocessor_config.json").read_text())
        self.edge = settings["size"]["shortest_edge"]
        self.crop = settings["crop_size"]["width"]
        self.scale = np.float32(settings["rescale_factor"] / settings["image_std"][0])
        self.shift = np.float32(-settings["image_mean"][0] / settings["image_std"][0])
        self.infer(np.zeros((1, 3, self.crop, self.crop), np.float32))

    def classify(self, image: bytes) -> list[dict]:
        return self.rank(self.infer(self.to_tensor(self.decode(image))))

    def decode(self, image: bytes) -> Image.Image:
        picture = Image.open(io.BytesIO(image))
        return ImageOps.exif_transpose(picture).convert("RGB")

    def to_tensor(self, picture: Image.Image) -> np.ndarray:
        width, height = picture.size
        shortest = min(width, height)
        size = (round(width * self.edge / shortest), round(height * self.edge / shortest))
        resized = picture.resize(size, Image.Resampling.BICUBIC)
        left, top = (size[0] - self.crop) // 2, (size[1] - self.crop) // 2
        seen = resized.crop((left, top, left + self.crop, top + self.crop))
        pixels = np.asarray(seen, np.float32) * self.scale + self.shift
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        return self.session.run(None, {self.input: tensor})[0][0]

    def rank(self, scores: np.ndarray) -> list[dict]:
        exponentials = np.exp(scores - scores.max())
        confidences = exponentials / exponentials.sum()
        best = np.argpartition(confidences, -5)[-5:]
        best = best[np.argsort(-confidences[best])]
        return [
            {"label": self.labels[index], "confidence": float(confidences[index]), "index": int(index)}
            for index in best
        ]
