import { main, Runtime, fn } from "toki";
import { fromIter, stream, generate, Stream } from "toki/stream";
const N=100000; const arr=Array.from({length:N},(_,i)=>i);
const rt = new Runtime({flavor:"currentThread"});
for (let k=0;k<12;k++) {
  const t=performance.now(); 
  const r = await rt.run(fromIter(arr).map(x=>x+1).filter(x=>x%2===0).collect());
  console.log(((performance.now()-t)*1e6/N).toFixed(1), r.length);
}
const loop = fn(function*(){ const s = fromIter(arr).map(x=>x+1).filter(x=>x%2===0); let n=0; for(;;){ const x = yield* s.next(); if (x===undefined) break; n++ } return n; });
for (let k=0;k<6;k++) { const t=performance.now(); const r=await rt.run(loop()); console.log("next", ((performance.now()-t)*1e6/N).toFixed(1), r); }
for (let k=0;k<3;k++) { const t=performance.now(); let n=0; for await (const x of fromIter(arr).map(x=>x+1).filter(x=>x%2===0)) n++; console.log("for await", ((performance.now()-t)*1e6/N).toFixed(1), n); }
