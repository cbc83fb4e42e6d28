// Times jlens-core; see ../../README.md.
#[path = "../../measure.rs"]
mod measure;

use jlens_core::{format_json, Bindings, Document, Expression, Options};
use serde_json::Value;
use std::hint::black_box;

fn main() {
    let mut job = measure::Job::from_arguments();
    let (source, text) = (job.source.clone(), job.text.clone());
    let (bindings, options) = (Bindings::new(), Options::default());
    let expression = Expression::compile(&source).unwrap();
    let parse = || text.as_ref().map(|t| Document::parse(t).unwrap());
    let evaluate = |d: &Option<Document>| -> Value {
        let result = match d {
            Some(d) => expression.evaluate_document(d, &bindings, &options),
            None => expression.evaluate(None, &bindings),
        };
        result.unwrap().unwrap()
    };
    if !job.compile_only {
        let data = parse();
        let result = evaluate(&data);
        job.result(&format_json(&result, false));
        job.measure("parse_ns", || drop(black_box(parse())));
        job.measure("eval_ns", || drop(black_box(evaluate(&data))));
        job.measure("serialize_ns", || drop(black_box(format_json(&result, false))));
        job.measure("e2e_ns", || drop(black_box(format_json(&evaluate(&parse()), false))));
    }
    job.measure("compile_ns", || drop(black_box(Expression::compile(&source).unwrap())));
    job.finish();
}
