/** Bytes of the longest text of a script that is logged, or kept as an error; longer ones are cut. */
export const shownTextMax = 65_536;
export const cutMark = " [cut]";
