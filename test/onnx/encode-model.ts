/** Tensors' element types, by ONNX's numbers (onnx.proto3, TensorProto.DataType). */
const elementTypes = { float32: 1, uint8: 2, int64: 7 } as const;

export interface TensorInfo {
  name: string;
  type: keyof typeof elementTypes;
  /** A text is a dynamic dimension's name. */
  dims: (number | string)[];
}

export interface Graph {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  nodes: { op: string; inputs: string[]; outputs: string[] }[];
}

/** A graph as the bytes of a `model.onnx`: protobuf, written by hand, with the field numbers of onnx.proto3. */
export function encodeModel({ inputs, outputs, nodes }: Graph): Uint8Array {
  const graph = [
    ...nodes.map((node) =>
      message(1, [
        ...node.inputs.map((name) => text(1, name)),
        ...node.outputs.map((name) => text(2, name)),
        text(4, node.op),
      ]),
    ),
    text(2, 'graph'),
    ...inputs.map((input) => message(11, valueInfo(input))),
    ...outputs.map((output) => message(12, valueInfo(output))),
  ];
  const irVersion = number(1, 8);
  const operatorSet = message(8, [text(1, ''), number(2, 13)]);
  return Uint8Array.from([irVersion, message(7, graph), operatorSet].flat());
}

function valueInfo({ name, type, dims }: TensorInfo): number[][] {
  const shape = dims.map((dim) =>
    message(1, [typeof dim === 'number' ? number(1, dim) : text(2, dim)]),
  );
  const tensorType = message(1, [number(1, elementTypes[type]), message(2, shape)]);
  return [text(1, name), message(2, [tensorType])];
}

function number(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function text(field: number, value: string): number[] {
  return lengthDelimited(field, [...Buffer.from(value)]);
}

function message(field: number, parts: number[][]): number[] {
  return lengthDelimited(field, parts.flat());
}

function lengthDelimited(field: number, bytes: number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
