/** Why Darkroom cannot start here, told to the user as it is, without a stack. */
export class StartError extends Error {}
