import sharp, { type Sharp } from 'sharp';

export type Colour = [red: number, green: number, blue: number];

/** A picture whose every pixel has the colour that a function of its place gives. */
export function draw(width: number, height: number, colourAt: (x: number, y: number) => Colour): Sharp {
  const data = Buffer.alloc(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colourAt(x, y), 3 * (y * width + x));
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}
