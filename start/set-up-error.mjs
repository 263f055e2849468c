/** What stops a set-up and can be told to the user as it is, without a stack. */
export class SetUpError extends Error {}
