// Serves feed.html on this machine: node feed.js [PORT]
import { serve } from "./serving.js";

serve("feed.html", process.argv[2]);
