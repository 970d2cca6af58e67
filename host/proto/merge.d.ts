export declare function mergeProto(baseText: string, overlayText: string): string;
export declare function importedPaths(text: string): string[];
