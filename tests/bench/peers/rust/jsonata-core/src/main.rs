// Times jsonata-core; see ../../README.md.
#[path = "../../measure.rs"]
mod measure;

use jsonata_core::{value::JValue, Expression};
use std::hint::black_box;

fn parse(text: &Option<String>) -> JValue {
    text.as_ref().map_or(JValue::Undefined, |t| JValue::from_json_str(t).unwrap())
}

fn main() {
    let mut job = measure::Job::from_arguments();
    let (source, text) = (job.source.clone(), job.text.clone());
    let expression = Expression::compile(&source).unwrap();
    if !job.compile_only {
        let data = parse(&text);
        let result = expression.evaluate(&data).unwrap();
        job.result(&result.to_json_string().unwrap());
        job.measure("parse_ns", || drop(black_box(parse(&text))));
        job.measure("eval_ns", || drop(black_box(expression.evaluate(&data).unwrap())));
        job.measure("serialize_ns", || drop(black_box(result.to_json_string().unwrap())));
        job.measure("e2e_ns", || {
            drop(black_box(expression.evaluate(&parse(&text)).unwrap().to_json_string().unwrap()))
        });
    }
    job.measure("compile_ns", || drop(black_box(Expression::compile(&source).unwrap())));
    job.finish();
}
