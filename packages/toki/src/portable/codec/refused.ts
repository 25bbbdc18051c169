/** Thrown inside the encoder: a value cannot be sent. Which one, and why, is found out afterwards. @internal */
export const REFUSED: unique symbol = Symbol("refused");
