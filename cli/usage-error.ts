/** A mistake of whoever typed the command. The message is all that they are shown. */
export class UsageError extends Error {}
