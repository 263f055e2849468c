import { newId } from '../../shared/ids.ts';
import { createJobStore } from '../../shared/job-store.ts';
import { createJobQueue } from '../../shared/queue.ts';
import { createPatientRedis } from '../../shared/redis.ts';
import { firstBytes } from '../../test/image-bytes.ts';

/** A process that submits small jobs as the API does, without HTTP. Told a number by its parent, it answers when they wait. */
const [redisUrl = ''] = process.argv.slice(2);
const redis = createPatientRedis(redisUrl);
const store = createJobStore(redis, 86_400);
const queue = createJobQueue(redis, {
  onError: (error) => console.error(error.message),
});
const image = firstBytes.png;

process.on('message', async ({ jobs }: { jobs: number }) => {
  let left = jobs;
  const submitOneAfterTheOther = async () => {
    while (left-- > 0) {
      const id = newId('job');
      const about = { format: 'png', bytes: image.length, createdAt: Date.now() } as const;
      const spec = { model: 'efficientnet-lite0-int8', topK: 5, minConfidence: 0, ...about };
      await store.submit(id, { owner: '', spec, image });
      await queue.add(id);
    }
  };
  await Promise.all(Array.from({ length: 64 }, submitOneAfterTheOther));
  process.send?.({});
});
process.on('disconnect', () => process.exit());
