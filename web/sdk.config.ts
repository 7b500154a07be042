// Builds the SDK's package (sdk/dist): modules without dependencies. Their types are written by tsc (sdk/tsconfig.build.json).
import { defineConfig } from "vite";

export default defineConfig({
  root: "sdk",
  build: {
    lib: { entry: "hubbub.ts", formats: ["es"], fileName: "hubbub" },
    target: "es2022",
    minify: false, // Vite keeps the white space of libraries
    rolldownOptions: {
      preserveEntrySignatures: "allow-extension", // what `me`, which is loaded when it is opened, shares with the rest stays there
      output: { minify: true, comments: false, chunkFileNames: "[name].js" },
    },
  },
});
