/** One certificate of a PEM file. */
export const pemCertificate: RegExp = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
