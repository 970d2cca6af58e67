/** When the guest may make only a few host calls. */
export const Restriction = { None: 0, Start: 1, Allocation: 2 } as const;
export type Restriction = (typeof Restriction)[keyof typeof Restriction];
