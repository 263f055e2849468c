import type Sharp from 'sharp';

/** libvips' loaders of the formats that are taken (`shared/image-formats.ts`), from memory. */
const loaders = [
  'VipsForeignLoadJpegBuffer',
  'VipsForeignLoadPngBuffer',
  'VipsForeignLoadWebpBuffer',
  'VipsForeignLoadNsgifBuffer',
  'VipsForeignLoadHeifBuffer',
  'VipsForeignLoadTiffBuffer',
];

let loading: Promise<typeof Sharp> | undefined;

/**
 * sharp with every loader shut but those, so that no byte of a sender's reaches another one, as SVG's or ImageMagick's.
 * Loaded by the first picture that needs it, since a child that sees plain JPEGs alone is 18 MB smaller without.
 */
export function loadSharp(): Promise<typeof Sharp> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof Sharp> {
  const { default: sharp } = await import('sharp');
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
  // Every picture is seen once, and one child has one core.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}
