// What draws plots, with its styles: a chunk of its own.

import "uplot/dist/uPlot.min.css";

export { default } from "uplot";
