/** The steps of one image in a child, in their order. By sharp's way `decode` is the resizing too. */
export type Step = 'decode' | 'resize' | 'infer' | 'rank';

/** Called as a step ends, by whoever measures. */
export type MarkStep = (ended: Step) => void;
