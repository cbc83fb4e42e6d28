// Times jsonata-rs; see ../../README.md.  Its interface reads the input inside of evaluate(), and keeps all values of an
// expression in one arena, so that each operation compiles anew: only e2e can be told, with compiling in it.
#[path = "../../measure.rs"]
mod measure;

use bumpalo::Bump;
use jsonata_rs::JsonAta;
use std::hint::black_box;

fn main() {
    let mut job = measure::Job::from_arguments();
    let (source, text) = (job.source.clone(), job.text.clone());
    let run = || {
        let arena = Bump::new();
        let expression = JsonAta::new(&source, &arena).unwrap();
        expression.evaluate(text.as_deref(), None).unwrap().serialize(false)
    };
    if !job.compile_only {
        job.result(&run());
        job.measure("e2e_ns", || drop(black_box(run())));
    }
    job.measure("compile_ns", || {
        let arena = Bump::new();
        black_box(JsonAta::new(&source, &arena).unwrap());
    });
    job.finish();
}
