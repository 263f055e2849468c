import { PublicError } from '../../shared/errors.ts';

/** One upload's part of the memory. */
export interface HeldUpload {
  /** Called once, where the upload has to give way: whoever reads it lets its bytes go and fails with the error. */
  onEvicted(evict: (error: PublicError) => void): void;
  /** Says that so many bytes more are held. */
  add(bytes: number): void;
  /** Says that all has arrived: from now on it does not give way. */
  arrived(): void;
  /** Says that nothing is held any more. */
  release(): void;
}

export interface UploadMemory {
  open(): HeldUpload;
}

interface Entry {
  bytes: number;
  evict: (error: PublicError) => void;
}

const nothing = () => undefined;

/**
 * Bounds the bytes of all single uploads that an API holds at once, from the first byte to the answer. What is announced
 * counts for nothing, so that a slow sender takes no more than it has sent. Past the limit the upload gives way that has
 * been silent for longest, with a `queue_full`: who stalls makes room for who sends.
 */
export function createUploadMemory(limitBytes: number): UploadMemory {
  /** Those that are arriving, the longest silent first. */
  const arriving = new Set<Entry>();
  let heldBytes = 0;

  const leave = (entry: Entry) => {
    arriving.delete(entry);
    // A table that the set has outgrown may hold the entry for long, and with this the upload's bytes.
    entry.evict = nothing;
  };

  const release = (entry: Entry) => {
    leave(entry);
    heldBytes -= entry.bytes;
    entry.bytes = 0;
  };

  const makeRoom = () => {
    for (const entry of arriving) {
      if (heldBytes <= limitBytes) return;
      if (entry.bytes === 0) continue;
      const { evict } = entry;
      release(entry);
      evict(
        new PublicError(
          'queue_full',
          `Expected at most ${limitBytes} bytes of uploads at once but more are arriving. Try again later.`,
          { headers: { 'Retry-After': '1' } },
        ),
      );
    }
  };

  return {
    open() {
      const entry: Entry = { bytes: 0, evict: nothing };
      arriving.add(entry);
      return {
        onEvicted(evict) {
          entry.evict = evict;
        },
        add(bytes) {
          // It was evicted, or its reader goes on to the end of what it refused.
          if (!arriving.delete(entry)) return;
          arriving.add(entry);
          entry.bytes += bytes;
          heldBytes += bytes;
          makeRoom();
        },
        arrived: () => leave(entry),
        release: () => release(entry),
      };
    },
  };
}
