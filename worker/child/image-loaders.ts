import sharp from 'sharp';

/** libvips' loaders of the formats that are taken (`shared/image-formats.ts`), from memory. */
const loaders = [
  'VipsForeignLoadJpegBuffer',
  'VipsForeignLoadPngBuffer',
  'VipsForeignLoadWebpBuffer',
  'VipsForeignLoadNsgifBuffer',
  'VipsForeignLoadHeifBuffer',
  'VipsForeignLoadTiffBuffer',
];

/** Shuts every loader but those, so that no byte of a sender's reaches another one, as SVG's or ImageMagick's. */
export function openImageLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
  // Every picture is seen once, and one child has one core.
  sharp.cache(false);
  sharp.concurrency(1);
}
