// What is used of WASI, imported from the module that this file is called.

export declare function random_get(pointer: usize, size: usize): u32;
