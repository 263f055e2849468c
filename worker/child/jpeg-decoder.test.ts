import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createJpegDecoder } from './jpeg-decoder.ts';
import { planTaps } from './taps.ts';

/** 96 × 32 pixels: blocks of one colour, blocks of columns and a photograph, whose quantization tables are damaged. */
const damaged = Buffer.from(
  '/9j/2wBDAP////////////////////////////////////////////////////9tVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDAf////////' +
    '////////////////////////////////////////////98fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAgAGADAREAAhEBAxEB/8QAGgAA' +
    'AwEBAQEAAAAAAAAAAAAAAgMGBAUAAf/EACYQAAICAQQCAgEFAAAAAAAAAAECAAMRBBIhQTFRE2EyBRQiI9H/xAAaAQACAwEBAAAAAAAAAAAAAA' +
    'AABQECAwQG/8QAGhEBAQEBAQEBAAAAAAAAAAAAAAERAiFBEv/aAAwDAQACEQMRAD8A0zz7yxcbnwI3PUxoupwlqg0XUAoNF1AONraiLkT8VIyc' +
    'THpvyU5YjaPA6EraklQRuJGMDPjzDQBqtrjGcqB479SQ115Wrnz2YQMNtAucucEmXVrsRG8gXG58CNz1MaLqcJaoNF1AKDRdQDg322axw1a7VI' +
    '4LTHq7W8Cy/Er1h3344bMp9W+Ma22Jqitjf1u4UKTnI9yfLFJbrq4G9i4GQPMhdn0uo/cuwWo7MnnP36lp5Vd0WopuS3K0kV465mirXETyJcbn' +
    'wI3PUxoupwlqg0XUAoNF1AJ5Kz8Qasn+J4xOfHRH0I9pLB930RDFg3Vlq9p/IciUtxMHXd8umsY53gefuRt1Nj1NbMCKRt49+ZrzNZXw6qnUby' +
    'rXMnGfM0yqnxE8iXG58CNz1MaLqcJaoNF1AKDRdQDh/p6khweVPiYxvTmp+N9ycHse4YnSXbFgdlziU/K2sgpU6lnRWWo87R7/AMlrEa3U1M23' +
    'aMAdyZMUtOofNjl3DMDjAl1X/9k=',
  'base64',
);

const whole = (pixels: number) =>
  planTaps({ from: pixels, to: pixels, start: 0, length: pixels }, 'cubic');

// The sums are those of what djpeg writes, with libjpeg-turbo's loops for x86: `djpeg -rgb -scale 8/8 -pnm`.
it.each([
  [8, 'cf6391ef9020450a93ead17bc7c20b2c641598efbf464b00a9fcd903148ad07c'],
  [4, '30075223cf8dc7e63c70a084b548456c5c782756c697402bbd1d873741c56cdb'],
  [2, '5e68f136b97332ada4e129ac95829093b6fb068f5bf4bcbd1347c6c4c62670c7'],
  [1, 'aebaa3da51595cf978d8fbe26cdbabcd60cc752e76503ddd6d4fdc3d02a29a50'],
])('at %i eighths what is beyond 16 bits comes to the same as by libjpeg-turbo', (eighths, sum) => {
  const decoder = createJpegDecoder();
  const [width, height] = [12 * eighths, 4 * eighths];
  const place = { at: 0, xStep: 3, yStep: 3 * width };
  const [x, y] = [whole(width), whole(height)];
  expect(decoder.decode({ image: damaged, eighths, width, height, x, y, ...place })).toBe(true);
  const pixels = decoder.resize() ?? new Uint8Array();
  expect(createHash('sha256').update(pixels).digest('hex')).toBe(sum);
});
