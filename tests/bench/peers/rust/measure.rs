// What the Rust peers share: arguments, timing, the report; see ../README.md.
use std::time::Instant;

pub struct Job {
    pub source: String,
    pub text: Option<String>,
    pub compile_only: bool,
    seconds: f64,
    output: String,
    report: Vec<String>,
}

fn run_batch(operation: &mut dyn FnMut(), size: u64) -> f64 {
    let start = Instant::now();
    for _ in 0..size {
        operation();
    }
    start.elapsed().as_nanos() as f64
}

impl Job {
    pub fn from_arguments() -> Job {
        let a: Vec<String> = std::env::args().collect();
        let read = |path: &str| std::fs::read_to_string(path).unwrap();
        Job {
            source: read(&a[1]),
            text: if a[2] == "-" { None } else { Some(read(&a[2])) },
            compile_only: a[1].contains("compile-"),
            seconds: a[3].parse().unwrap(),
            output: a[4].clone(),
            report: vec![],
        }
    }

    pub fn result(&self, text: &str) {
        std::fs::write(&self.output, text).unwrap();
    }

    pub fn measure(&mut self, name: &str, mut operation: impl FnMut()) {
        if self.seconds <= 0.0 {
            return;
        }
        operation();
        let mut size = 1u64;
        let mut ns = run_batch(&mut operation, size);
        while ns < 2e6 && size <= 1_000_000 {
            size = (size * 2).max((size as f64 * 2.5e6 / ns.max(1.0)).ceil() as u64);
            ns = run_batch(&mut operation, size);
        }
        let mut per = vec![ns / size as f64];
        let start = Instant::now();
        while per.len() < 3 || start.elapsed().as_secs_f64() < self.seconds {
            per.push(run_batch(&mut operation, size) / size as f64);
        }
        per.sort_by(|a, b| a.total_cmp(b));
        let median = per[per.len() / 2];
        self.report.push(format!("\"{}\":{{\"best\":{:.1},\"median\":{:.1}}}", name, per[0], median));
    }

    pub fn finish(self) {
        println!("{{{}}}", self.report.join(","));
    }
}
