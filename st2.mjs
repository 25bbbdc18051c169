import { Runtime, fn, spawn, unconstrained } from "toki";
import { fromIter, stream } from "toki/stream";
const N=100000; const arr=Array.from({length:N},(_,i)=>i+1);
const rt = new Runtime({flavor:"currentThread"});
const med = async (name, f) => { const t=[]; for(let k=0;k<100;k++){ const s=performance.now(); await f(); t.push((performance.now()-s)*1e6/N);} t.sort((a,b)=>a-b); console.log(name.padEnd(30), "min", t[0].toFixed(1), "q1", t[25].toFixed(1), "med", t[50].toFixed(1)); };
const B = {
 "fold": () => rt.run(fromIter(arr).map(x=>x*2).filter(x=>x%4===0).fold(0,(a,b)=>a+b)),
 "unconstrained": () => rt.run(unconstrained(fromIter(arr).map(x=>x*2).filter(x=>x%4===0).fold(0,(a,b)=>a+b))),
 "justfold": () => rt.run(unconstrained(fromIter(arr).fold(0,(a,b)=>a+b))),
 "map fold": () => rt.run(unconstrained(fromIter(arr).map(x=>x+1).fold(0,(a,b)=>a+b))),
};
const k=process.argv[2]; await med(k,B[k]);
