// Serves map.html on this machine: node map.js [PORT]
import { serve } from "./serving.js";

serve("map.html", process.argv[2]);
