/** An id that was made so many seconds ago. */
export function idOfAge(seconds: number): string {
  const time = (Date.now() - seconds * 1000).toString(16).padStart(12, '0');
  return `job_${time.slice(0, 8)}-${time.slice(8)}-7000-8000-0123456789ab`;
}
