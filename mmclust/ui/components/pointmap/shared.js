// What all maps of this browser tab share; Streamlit may load this code once for every component on a page.
export const shared = (window.mmclustMaps ??= {
  files: new Map(), // address -> promise of a decoded file; a page that is opened again finds it here
  pages: new Map(), // address -> image of an atlas page
  texts: new Map(), // address -> captions of all samples of a data set
  maps: new Set(), // what is on the page
  filters: new Map(), // group -> which samples pass the charts beside its maps
  columns: new Map(), // group -> column that colours its points
  sizes: new Map(), // group -> column that says how large they are
  remembered: new Map(), // group -> colouring, layout -> view: found again when the page is opened again
  renderer: "auto", // of very many points: "webgl" also without a graphics processor, "canvas" never with one
  told: 0, // selections sent to the server
});
