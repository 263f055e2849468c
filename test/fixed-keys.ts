/** The keys of Redis that stay when no job is left, as the design lists them, with those of the workers that run. */
export const fixedKeys =
  /^darkroom:(stored|usage::?.*|models|workers|worker:.*)$|^bull:jobs:(meta|id|marker|events|pc|stalled-check)$/;
