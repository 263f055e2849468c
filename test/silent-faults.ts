import { createFaultLog } from '../shared/fault-log.ts';
import { createLogger } from '../shared/logger.ts';

/** For tests that do not look at the log. */
export const silentFaults = createFaultLog(createLogger('test', 'silent'), async () => 'ok');
