// Numbers of protocols in the IP header.
export const TCP = 6;
export const UDP = 17;
export const GRE = 47;
