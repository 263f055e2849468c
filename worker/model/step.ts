/** The steps of one image in a child, in their order. Where the decoder also resizes, both are told as `decode`. */
export type Step = 'decode' | 'resize' | 'infer' | 'rank';

/** Called as a step ends, by whoever measures. */
export type MarkStep = (ended: Step) => void;
