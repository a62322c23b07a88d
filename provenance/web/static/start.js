// The key of a kiosk in a network stands in the fragment of its address, and goes along from page to page there.
for (const link of document.querySelectorAll("a[href^='/sit/']")) link.href += location.hash;
