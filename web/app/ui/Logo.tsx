// Two speech shapes that overlap. In the favicon, the second one is filled while something is unread.

export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <path class="first" d="M4 27V15A10 10 0 0 1 24 15v2a10 10 0 0 1-10 10z" />
    <path class="second" d="M29 27h-8a7.5 7.5 0 0 1 0-15h.5a7.5 7.5 0 0 1 7.500 7.500z" />
    <path class="both" d="M24 15v2a10 10 0 0 1-5.600 8.900A7.500 7.500 0 0 1 21 12h2.500c.3 1 .5 2 .5 3z" />
  </svg>
);
