/** What bounds the reading of an upload, whatever its form. */
export interface FormLimits {
  maxImageBytes: number;
  /** Bytes of the body, and of what it inflates to. */
  maxBatchBytes: number;
  /** Where a zip stands while it is read. */
  spoolDir: string;
}
