import type { SingleWay } from './load.ts';

export interface PeerProgram {
  name: string;
  /** To be run in `bench/peers`; `{port}` stands for the port of its HTTP. */
  commands: string[];
  needsRedis?: boolean;
  way: SingleWay;
}

const UVICORN = '--host 127.0.0.1 --port {port} --no-access-log --log-level warning';
const rawWay = { kind: 'post', path: '/classify', expected: '"label"' } as const;
const formWay = { ...rawWay, field: 'image' } as const;

/** Python's servers with the product's weights and one inference thread a process, each as its documentation tunes it. */
export function peerPrograms(processes: number): PeerProgram[] {
  return [
    {
      name: 'FastAPI, 1 process',
      commands: [`uvicorn fastapi_server:app ${UVICORN}`],
      way: rawWay,
    },
    {
      name: `FastAPI, ${processes} processes`,
      commands: [`uvicorn fastapi_server:app ${UVICORN} --workers ${processes}`],
      way: rawWay,
    },
    {
      name: `Celery with Redis, ${processes} processes`,
      commands: [
        // Gossip, mingle and heartbeats are for watching many workers.
        `celery -A celery_tasks worker --concurrency ${processes} --loglevel error --without-gossip --without-mingle --without-heartbeat`,
        `uvicorn celery_server:app ${UVICORN}`,
      ],
      needsRedis: true,
      way: rawWay,
    },
    {
      name: `LitServe, ${processes} workers`,
      commands: ['python litserve_server.py'],
      way: formWay,
    },
    {
      name: `BentoML, ${processes} workers`,
      commands: ['bentoml serve bentoml_service:Service --host 127.0.0.1 --port {port}'],
      way: formWay,
    },
  ];
}
