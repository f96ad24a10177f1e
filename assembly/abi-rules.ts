/** How rules lie in the image: kinds of targets. */
export const TARGET_DNAT = 1;
export const TARGET_SNAT = 2;
export const TARGET_MASQUERADE = 3;
export const TARGET_REDIRECT = 4;
export const TARGET_NETMAP = 5;
