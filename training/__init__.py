"""Trainer of MKLN: recipes, five-fold cross-validation, fine-tuning and scores."""
