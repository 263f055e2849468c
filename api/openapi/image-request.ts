import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { JobOptions } from '../../shared/job-options.ts';
import { JsonUpload } from '../upload/read-json.ts';

/** The options as query parameters. */
export const optionsQuery = JobOptions;

/** An image in every form in which it is taken. */
export const imageBody = {
  required: true,
  description:
    'The image: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF, told by its first bytes. JSON and multipart are read as such; with any other content type the body is the image. Options stand in the query or beside the image, where they win.',
  content: {
    'application/octet-stream': { schema: binary() },
    'image/*': { schema: binary() },
    'multipart/form-data': {
      schema: z
        .strictObject({ image: binary(), ...JobOptions.shape })
        .meta({ id: 'MultipartUpload' }),
    },
    'application/json': { schema: JsonUpload },
  },
} satisfies NonNullable<RouteConfig['request']>['body'];

function binary() {
  return z.string().meta({ format: 'binary', description: 'The bytes of an image.' });
}
