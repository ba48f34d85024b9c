"""What the sky does to a link: Sun, Moon, shadow, airmass, radiance."""
