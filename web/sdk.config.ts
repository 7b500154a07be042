// Builds the SDK's package (sdk/dist): modules without dependencies. Their types are written by tsc (sdk/tsconfig.build.json).
import { defineConfig } from "vite";

export default defineConfig({
  root: "sdk",
  build: {
    lib: { entry: "hubbub.ts", formats: ["es"], fileName: "hubbub" },
    target: "es2022",
    minify: false, // Vite keeps the white space of libraries
    rolldownOptions: { output: { minify: true, chunkFileNames: "[name].js" } },
  },
});
