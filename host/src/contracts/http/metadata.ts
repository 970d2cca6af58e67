/**
 * One block of METADATA, an extension of HTTP/2: entries beside the fields of a message, anywhere in it. Names are any
 * bytes, in whatever case; of a name that came twice the first value counts. Names and values are *latin1* strings.
 */
export type MetadataMap = Map<string, string>;
