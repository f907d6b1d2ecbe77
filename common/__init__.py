"""What has nothing to do with analytics and knows no app: the ground floor, which every app may import from."""
