//! The same work as the TypeScript benchmarks, on Tokio's current-thread runtime; names that begin with `threads-` on its multi-thread runtime with
//! two workers.
//!
//! `toki-bench-tokio [NAME]` runs one benchmark (or all) and prints one JSON line for each: `{"name","nsPerOp","samples"}`.
//! Every benchmark is warmed up before it is timed. It runs where Tokio is fastest at it: in a spawned task, or as the future
//! given to `block_on` (faster for `yield_now` alone).

use std::future::Future;
use std::hint::black_box;
use std::pin::{pin, Pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, Mutex};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{self as stream, StreamExt};

const SAMPLES: usize = 5;
const SAMPLE_TIME: Duration = Duration::from_millis(60);

type Boxed = Pin<Box<dyn Future<Output = Duration> + Send>>;

enum Place {
    Task,
    Root,
}

struct Bench {
    name: &'static str,
    place: Place,
    run: fn(u64) -> Boxed,
}

/// Builds the table: each entry names an `async fn(n: u64) -> Duration` that does `n` operations and returns the time they took.
macro_rules! benches {
    ($($name:literal, $place:ident => $run:path),+ $(,)?) => {
        &[$(Bench { name: $name, place: Place::$place, run: |n| Box::pin($run(n)) }),+]
    };
}

const BENCHES: &[Bench] = benches! {
    "ready-child", Task => ready_child,
    "spawn-join", Task => spawn_join,
    "spawn-join-1000", Task => spawn_join_1000,
    "yield-now", Root => yield_now,
    "yield-now-two", Root => yield_now_two,
    "sleep-create-drop", Task => sleep_create_drop,
    "mpsc-1000", Task => mpsc_1000,
    "oneshot", Task => oneshot_send_recv,
    "mutex", Task => mutex,
    "stream-fold", Task => stream_fold,
    "stream-map-async", Task => stream_map_async,
    "stream-mpsc", Task => stream_mpsc,
    "threads-spawn-1000", Root => spawn_join_1000,
    "threads-round-trip", Root => spawn_join,
    "threads-round-trip-asleep", Root => round_trip_asleep,
};

/// Lone round trips with a gap before each: how many, and how long a gap.
const GAPS: usize = 300;
const GAP: Duration = Duration::from_millis(3);

/// Not inlined and opaque to the optimiser: without this the whole loop folds into one addition.
#[inline(never)]
async fn child(x: u64) -> u64 {
    black_box(x) + 1
}

async fn ready_child(n: u64) -> Duration {
    let start = Instant::now();
    let mut sum = 0u64;
    for i in 0..n {
        sum = sum.wrapping_add(child(i).await);
    }
    black_box(sum);
    start.elapsed()
}

async fn spawn_join(n: u64) -> Duration {
    let start = Instant::now();
    let mut sum = 0u64;
    for i in 0..n {
        sum = sum.wrapping_add(tokio::spawn(child(i)).await.unwrap());
    }
    black_box(sum);
    start.elapsed()
}

async fn spawn_join_1000(n: u64) -> Duration {
    let start = Instant::now();
    let mut sum = 0u64;
    let mut done = 0;
    while done < n {
        let mut handles = Vec::new();
        for i in 0..1000 {
            handles.push(tokio::spawn(child(i)));
        }
        for handle in handles {
            sum = sum.wrapping_add(handle.await.unwrap());
        }
        done += 1000;
    }
    black_box(sum);
    // `n` operations are reported, `done` were made.
    start.elapsed().mul_f64(n as f64 / done as f64)
}

/// The median of round trips before each of which the workers have had time to go to sleep, as if `n` of them had been made.
async fn round_trip_asleep(n: u64) -> Duration {
    let mut times = Vec::new();
    for _ in 0..GAPS {
        tokio::time::sleep(GAP).await;
        times.push(spawn_join(1).await);
    }
    times.sort();
    times[GAPS / 2].mul_f64(n as f64)
}

async fn yield_now(n: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        tokio::task::yield_now().await;
    }
    start.elapsed()
}

/// Two tasks that take turns: every yield switches to the other one.
async fn yield_now_two(n: u64) -> Duration {
    let start = Instant::now();
    let one = tokio::spawn(yield_now(n / 2));
    let two = tokio::spawn(yield_now(n / 2));
    black_box(one.await.unwrap() + two.await.unwrap());
    start.elapsed()
}

/// A sleep joins the timer wheel at its first poll, so each one is polled once before it is dropped.
async fn sleep_create_drop(n: u64) -> Duration {
    let mut cx = Context::from_waker(Waker::noop());
    let start = Instant::now();
    for _ in 0..n {
        let sleep = pin!(tokio::time::sleep(Duration::from_secs(30)));
        assert!(matches!(black_box(sleep.poll(&mut cx)), Poll::Pending));
    }
    start.elapsed()
}

async fn mpsc_1000(n: u64) -> Duration {
    let start = Instant::now();
    let (tx, mut rx) = mpsc::channel::<u64>(1000);
    let producer = tokio::spawn(async move {
        for i in 0..n {
            tx.send(i).await.unwrap();
        }
    });
    let mut sum = 0u64;
    let mut count = 0u64;
    while let Some(v) = rx.recv().await {
        sum = sum.wrapping_add(v);
        count += 1;
    }
    producer.await.unwrap();
    assert_eq!(count, n);
    black_box(sum);
    start.elapsed()
}

async fn oneshot_send_recv(n: u64) -> Duration {
    let start = Instant::now();
    let mut sum = 0u64;
    for i in 0..n {
        let (tx, rx) = oneshot::channel::<u64>();
        tx.send(black_box(i)).unwrap();
        sum = sum.wrapping_add(rx.await.unwrap());
    }
    black_box(sum);
    start.elapsed()
}

async fn mutex(n: u64) -> Duration {
    let mutex = Mutex::new(0u64);
    let start = Instant::now();
    for _ in 0..n {
        let mut guard = mutex.lock().await;
        *guard = black_box(*guard + 1);
    }
    let elapsed = start.elapsed();
    assert_eq!(*mutex.lock().await, n);
    elapsed
}

/// Even numbers doubled from 1 to `n`: what the TypeScript rows do.
async fn stream_fold(n: u64) -> Duration {
    let numbers: Vec<u64> = (1..=n).collect();
    let start = Instant::now();
    let sum = stream::iter(numbers)
        .map(|x| black_box(x) * 2)
        .filter(|x| x % 4 == 0)
        .fold(0u64, |sum, x| sum.wrapping_add(x))
        .await;
    black_box(sum);
    start.elapsed()
}

async fn stream_map_async(n: u64) -> Duration {
    let numbers: Vec<u64> = (1..=n).collect();
    let start = Instant::now();
    let sum = stream::iter(numbers)
        .then(child)
        .fold(0u64, |sum, x| sum.wrapping_add(x))
        .await;
    black_box(sum);
    start.elapsed()
}

async fn stream_mpsc(n: u64) -> Duration {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel::<u64>(1000);
    let producer = tokio::spawn(async move {
        for i in 1..=n {
            tx.send(i).await.unwrap();
        }
    });
    let sum = ReceiverStream::new(rx)
        .map(|x| black_box(x) * 2)
        .filter(|x| x % 4 == 0)
        .fold(0u64, |sum, x| sum.wrapping_add(x))
        .await;
    producer.await.unwrap();
    black_box(sum);
    start.elapsed()
}

fn measure(rt: &tokio::runtime::Runtime, bench: &Bench) {
    let run = |n: u64| -> Duration {
        let work = (bench.run)(n);
        match bench.place {
            Place::Task => rt.block_on(async move { tokio::spawn(work).await.unwrap() }),
            Place::Root => rt.block_on(work),
        }
    };
    // Calibration doubles as warm-up.
    let mut n = 1000u64;
    loop {
        let took = run(n);
        if took >= SAMPLE_TIME {
            break;
        }
        let factor = (SAMPLE_TIME.as_secs_f64() / took.as_secs_f64().max(1e-9)).clamp(1.2, 10.0);
        n = (n as f64 * factor * 1.1) as u64;
    }
    let mut samples: Vec<f64> = (0..SAMPLES).map(|_| run(n).as_nanos() as f64 / n as f64).collect();
    let list: Vec<String> = samples.iter().map(|s| format!("{s:.3}")).collect();
    samples.sort_by(f64::total_cmp);
    println!(
        "{{\"name\":\"{}\",\"nsPerOp\":{:.3},\"samples\":[{}]}}",
        bench.name,
        samples[SAMPLES / 2],
        list.join(",")
    );
}

fn main() {
    let only = std::env::args().nth(1);
    let one = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let many = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let mut ran = false;
    for bench in BENCHES
        .iter()
        .filter(|b| only.as_deref().map_or(true, |name| name == b.name))
    {
        let threads = bench.name.starts_with("threads-");
        measure(if threads { &many } else { &one }, bench);
        ran = true;
    }
    if !ran {
        eprintln!(
            "no benchmark of that name; there are: {}",
            BENCHES.iter().map(|b| b.name).collect::<Vec<_>>().join(", ")
        );
        std::process::exit(2);
    }
}
